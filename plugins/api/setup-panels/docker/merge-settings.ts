import { comment, shellQuote } from '../../shell.ts'
import type { DockerSetup } from './docker-scripts.ts'

/**
 * The function `merge look|write`: prints what of docker's settings file `$config` changes, and with `write` changes it.
 * What is in the file and not asked for stays; lists grow. The file before is kept beside it, and a file that docker
 * itself refuses is not left there. `$runtime` is the program of the Ascend Docker Runtime, or empty.
 */
export function mergeSettings(setup: DockerSetup): string[] {
  const wanted = {
    ...(setup.mirrors.length === 0 ? {} : { 'registry-mirrors': setup.mirrors }),
    ...(setup.insecure.length === 0 ? {} : { 'insecure-registries': setup.insecure }),
    ...(setup.dataRoot === '' ? {} : { 'data-root': setup.dataRoot }),
    ...(setup.runtime && setup.runtimeIsDefault ? { 'default-runtime': 'ascend' } : {}),
  }
  return [
    `wanted=${shellQuote(JSON.stringify(wanted))}`,
    'merge() {',
    comment('Without python3 there is nothing to merge with, and nothing to change either'),
    `  if [ "$wanted" = '{}' ] && [ -z "$runtime" ]; then return; fi`,
    `  as_root python3 - "$1" "$config" "$wanted" "$runtime" <<'END_OF_PYTHON'`,
    ...python,
    'END_OF_PYTHON',
    '}',
    '',
  ]
}

const python: readonly string[] = [
  'import json, os, shutil, subprocess, sys, time',
  '',
  'what, path, wanted, runtime = sys.argv[1:]',
  'wanted = json.loads(wanted)',
  'if runtime:',
  "    wanted['runtimes'] = {'ascend': {'path': runtime, 'runtimeArgs': []}}",
  'text = open(path).read() if os.path.exists(path) else ""',
  'settings = json.loads(text) if text.strip() else {}',
  'changes = []',
  '',
  'def merge(old, new, name):',
  '    if isinstance(old, dict) and isinstance(new, dict):',
  '        for key, value in new.items():',
  "            old[key] = merge(old.get(key), value, name + '.' + key)",
  '        return old',
  '    if isinstance(old, list) and isinstance(new, list):',
  '        result = old + [item for item in new if item not in old]',
  '    else:',
  '        result = new',
  '    if result != old:',
  "        changes.append('%s: %s -> %s' % (name[1:], json.dumps(old), json.dumps(result)))",
  '    return result',
  '',
  "merge(settings, wanted, '')",
  "if what == 'look':",
  "    print('\\n'.join(changes))",
  '    sys.exit()',
  '',
  'os.makedirs(os.path.dirname(path), exist_ok=True)',
  "new = path + '.new'",
  "with open(new, 'w') as file:",
  '    json.dump(settings, file, indent=4, ensure_ascii=False)',
  "    file.write('\\n')",
  '    file.flush()',
  '    os.fsync(file.fileno())',
  '# Old versions of dockerd cannot check a file.',
  "dockerd = shutil.which('dockerd')",
  'if dockerd:',
  "    help_text = subprocess.run([dockerd, '--help'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout",
  "    if b'--validate' in help_text:",
  "        checked = subprocess.run([dockerd, '--validate', '--config-file', new], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)",
  '        if checked.returncode != 0:',
  '            os.remove(new)',
  "            sys.exit('docker refuses the settings: ' + checked.stdout.decode(errors='replace'))",
  'if os.path.exists(path):',
  "    shutil.copy2(path, path + time.strftime('.before-%Y%m%d-%H%M%S'))",
  '    shutil.copymode(path, new)',
  'os.replace(new, path)',
]
