import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { run } from './run.mjs'

/** What the tests use beyond npm packages, by Debian's names. */
const packages = [
  'chromium',
  'fonts-wqy-microhei',
  'openssh-client',
  'openssh-server',
  'podman',
  'podman-docker',
  'protobuf-compiler',
  'python3-numpy',
  'python3-sentencepiece',
  'python3-torch',
  'runc',
  'shellcheck',
]

const isInstalled = (name) => {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8' })
  return status === 0 && stdout.startsWith('install ok installed')
}

/**
 * Installs what is missing as root on Debian; elsewhere prints the command. Tests that lack something are skipped and
 * say so, hence no failure here.
 */
export async function ensureSystemPackages() {
  if (!existsSync('/usr/bin/dpkg-query')) {
    process.stderr.write(`Some tests need these programs (Debian's names): ${packages.join(' ')}\n`)
    return
  }
  const missing = packages.filter((name) => !isInstalled(name))
  if (missing.length === 0) return
  const install = ['install', '-y', '--no-install-recommends', ...missing]
  if (process.getuid?.() !== 0) {
    process.stderr.write(`For all tests run first: sudo apt-get ${install.join(' ')}\n`)
    return
  }
  process.stderr.write(`Installing ${missing.join(', ')} …\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = { env, stdio: ['ignore', 'ignore', 'inherit'] }
  await run('apt-get', ['update', '-qq'], options)
  const code = await run('apt-get', ['-qq', ...install], options)
  if (code !== 0) process.stderr.write(`apt-get ended with ${code}; tests that lack something will be skipped.\n`)
}
