/** Imports point down only; see ARCHITECTURE.md. */
const layer = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(engine|plugins|main|preload|renderer)/', pathNot: allowed },
})

module.exports = {
  forbidden: [
    // A view that is loaded lazily may use the entry of its own feature: at run time that is no cycle.
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] } },
    },
    layer('protocol-is-the-ground-floor', '^engine/protocol/', ['^engine/protocol/', '^engine/rpc/topic\\.ts$']),
    layer('rpc-knows-only-errors', '^engine/rpc/', ['^engine/rpc/', '^engine/protocol/']),
    layer('engine-imports-nothing-of-ours', '^engine/', ['^engine/']),
    layer('contract-stands-on-protocol', '^preload/contract/', [
      '^preload/contract/',
      '^engine/protocol/',
      '^engine/rpc/topic\\.ts$',
    ]),
    layer('preload-knows-names-only', '^preload/index\\.ts$', ['^preload/']),
    layer('plugin-api-stands-on-protocol', '^plugins/api/', ['^plugins/api/', '^engine/protocol/']),
    layer('a-plugin-imports-the-api', '^plugins/(?!api/)([^/]+)/', ['^plugins/api/', '^plugins/$1/']),
    layer('main-below', '^main/', ['^main/', '^engine/(protocol|rpc)/', '^preload/contract/', '^plugins/api/']),
    layer('renderer-knows-the-contract', '^renderer/', ['^renderer/', '^preload/contract/', '^engine/(protocol|rpc)/']),
    {
      name: 'a-feature-is-entered-by-its-index',
      severity: 'error',
      from: { path: '^renderer/src/features/([^/]+)/' },
      to: { path: '^renderer/src/features/([^/]+)/', pathNot: ['^renderer/src/features/$1/', '/index\\.ts$'] },
    },
    {
      name: 'electron-stays-in-the-shell',
      severity: 'error',
      from: { path: '^(engine|main|plugins)/', pathNot: '^main/shells/' },
      to: { path: '(^|/)electron(/|$)', dependencyTypes: ['npm', 'npm-dev'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.renderer.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'engine/reference/kernel/assembly' },
    enhancedResolveOptions: { extensions: ['.ts', '.vue', '.js', '.mjs', '.json'] },
  },
}
