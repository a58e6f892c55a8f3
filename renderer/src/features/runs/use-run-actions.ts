import type { RunView } from '#contract/runs.ts'
import { openFamily } from '@/features/families/index.ts'
import { t, text } from '@/i18n/index.ts'
import { confirm } from '@/shell/confirm.ts'
import { useCurrentHost } from '@/shell/current-host.ts'
import { notify, notifyError } from '@/shell/notifications.ts'
import { useTabCommands } from '@/shell/tab-commands.ts'
import { useTabs } from '@/shell/tabs.ts'
import { download } from '@/ui/download.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { useHosts } from '@/workbench/stores.ts'
import { openRun } from './index.ts'
import { currentStep, isActive } from './run-facts.ts'

/** What can be done with the run on screen. Each failure is told where it happens and changes nothing. */
export function useRunActions(run: () => RunView) {
  const { runs, app } = useWorkbench()
  const tabs = useTabs()
  const currentHost = useCurrentHost()
  const hosts = useHosts()
  const name = () => t('runs.name', { number: run().number })

  const guarded = (action: () => Promise<unknown>) => async () => {
    try {
      await action()
    } catch (error) {
      notifyError(error)
    }
  }

  const stop = guarded(async () => {
    const { id } = run()
    const question = { title: t('runs.stop.title', { name: name() }), text: t('runs.stop.text') }
    if (await confirm({ ...question, action: t('runs.actions.stop'), isDestructive: true })) await runs.stop({ id })
  })
  const rerun = guarded(async () => {
    const started = await runs.rerun({ id: run().id })
    openRun(started.id)
  })
  const restartHost = guarded(async () => {
    const { id, request } = run()
    const host = hosts.byId(request.host)
    const jobs = host?.runningJobs ?? 0
    const name = host ? text(host.name) : request.host
    const isSure = await confirm({
      title: t('runs.restart.title', { host: name }),
      text: jobs === 0 ? t('runs.restart.confirm') : t('runs.restart.confirmJobs', { count: jobs }),
      action: t('runs.restart.action'),
      isDestructive: true,
    })
    if (!isSure) return
    await runs.restartHost({ id })
    notify({ level: 'info', title: t('runs.restart.begun', { host: name }), text: t('runs.restart.begunText') })
  })
  const remove = guarded(async () => {
    const { id } = run()
    const question = { title: t('runs.remove.title', { name: name() }), text: t('runs.remove.text') }
    if (!(await confirm({ ...question, action: t('runs.actions.remove'), isDestructive: true }))) return
    await runs.remove({ id })
    tabs.close(`run:${id}`)
  })
  const exportScript = guarded(async () => {
    const { script } = await runs.exportScript({ id: run().id })
    const file = `run-${run().number}.sh`
    download(file, script)
    notify({ level: 'ok', title: t('runs.exported', { name: file }) })
  })
  /** Where no file manager can be opened (a browser, another host), the path goes to the clipboard. */
  const openFolder = guarded(async () => {
    const path = currentStep(run())?.folder
    if (path === undefined) return
    if ((await app.openFolder({ path })).opened) return
    await navigator.clipboard.writeText(path)
    notify({ level: 'info', title: t('runs.folderCopied'), text: path })
  })

  /** The panel that it was started from, with its values, on its host. */
  const edit = () => {
    const { family, panel, host, values } = run().request
    currentHost.id = host
    openFamily({ family, panel, values })
  }

  const mayStop = () => run().state === 'running' || run().state === 'restart'
  const hasEnded = () => !isActive(run())
  useTabCommands(
    () => `run:${run().id}`,
    [
      { id: 'run.stop', title: 'runs.actions.stop', run: stop, isEnabled: mayStop },
      { id: 'run.rerun', title: 'runs.actions.rerun', run: rerun, isEnabled: hasEnded },
      { id: 'run.edit', title: 'runs.actions.edit', run: edit },
      { id: 'run.exportScript', title: 'runs.actions.exportScript', run: exportScript },
      { id: 'run.openFolder', title: 'runs.actions.folder', run: openFolder },
      { id: 'run.remove', title: 'runs.actions.remove', run: remove, isEnabled: hasEnded },
    ],
  )
  return { stop, rerun, restartHost, remove, edit, exportScript, openFolder }
}
