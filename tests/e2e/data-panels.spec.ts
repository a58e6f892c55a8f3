import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  field,
  onScreen,
  openDataPanel,
  pick,
  run,
  runAndOpen,
  type,
  waitForSamples,
  writeRawData,
} from './data-panels.ts'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, seriousViolations, Shell } from './workbench.ts'

describe.skipIf(chromiumPath === null)(chromiumPath ? 'the data panels' : `the data panels: ${noBrowser}`, () => {
  const home = new Home()
  let raw: string
  let shell: Shell
  let browser: Browser

  beforeAll(async () => {
    raw = writeRawData(home)
    shell = await Shell.start(home)
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await shell[Symbol.asyncDispose]()
    home[Symbol.dispose]()
  })
  const path = (...parts: string[]) => join(raw, ...parts)

  it('Llama 2: columns, sequence length, a run, rejected rows', { timeout: 600_000 }, async () => {
    const { page, context, errors } = await openPage(browser, shell.url, { theme: 'light', locale: 'en' })
    await openDataPanel(page, 'llama2', 'preprocess')
    await type(page, { input: path('questions.jsonl'), tokenizer: path('llama2-tokenizer') })
    await type(page, { outputPrefix: path('out', 'questions') })
    await onScreen(page, 'raw-rows').waitFor()

    // The usual columns are not in this file: the run would fail, and is not offered.
    await field(page, 'promptColumn').getByText('has no column').waitFor()
    expect(await onScreen(page, 'run-button').isDisabled()).toBe(true)
    await onScreen(page, 'column-question').selectOption('promptColumn')
    await onScreen(page, 'column-answer').selectOption('responseColumn')
    await type(page, { queryColumn: '' })
    await waitForSamples(page)
    expect(await field(page, 'promptColumn').locator('input').inputValue()).toBe('question')
    expect(await onScreen(page, 'rejected-rows').innerText()).toContain('3 rows are rejected')

    const line = onScreen(page, 'length-limit')
    await line.focus()
    for (let press = 0; press < 20; press++) await line.press('ArrowLeft')
    const limit = Number(await field(page, 'seqLength').locator('input').inputValue())
    expect(limit).toBeGreaterThan(10)
    await onScreen(page, 'figure-long')
      .getByText(/^\d+ of 117$/)
      .waitFor()
    await field(page, 'seqLength').getByText('of 117 samples').waitFor()

    await runAndOpen(page)
    await page.getByText(/Rejected rows \(\d+\)/).click()
    const table = onScreen(page, 'rejected-table')
    await table.waitFor()
    await onScreen(page, 'rejected-reason').selectOption('noResponse')
    await expect.poll(() => table.locator('tbody tr').count()).toBe(3)
    await table.getByRole('button', { name: 'What is 39 plus 39' }).click()
    expect(await table.locator('pre').innerText()).toContain('"answer": null')
    await page.getByText('Tokens', { exact: true }).first().click()
    await onScreen(page, 'token-table').waitFor()
    await context.close()
    expect(existsSync(path('out', 'questions_packed_input_ids_document.idx'))).toBe(true)
    expect(errors).toEqual([])
  })

  it('Qwen1.5, Mistral and TeleChat2: each to the end', { timeout: 600_000 }, async () => {
    const { page, context, errors } = await openPage(browser, await shell.newUrl(), { theme: 'light', locale: 'en' })

    await openDataPanel(page, 'qwen1.5', 'mindrecord')
    const vocabulary = path('qwen15-tokenizer', 'vocab.json')
    await type(page, { input: path('alpaca.json'), tokenizer: vocabulary, output: path('out', 'qwen.mindrecord') })
    await field(page, 'isAlpaca').getByRole('switch').click()
    await type(page, { seqLength: '256' })
    await waitForSamples(page)
    await runAndOpen(page)
    expect(existsSync(path('out', 'qwen.mindrecord.db'))).toBe(true)

    await openDataPanel(page, 'mistral', 'preprocess')
    await type(page, { input: path('instructions.json'), tokenizer: path('mistral-tokenizer') })
    await type(page, { outputPrefix: path('out', 'mistral') })
    await waitForSamples(page)
    await runAndOpen(page)

    await openDataPanel(page, 'telechat2', 'rows')
    await type(page, { input: path('telechat.jsonl'), output: path('out', 'unique.jsonl') })
    await onScreen(page, 'raw-rows').waitFor()
    await run(page)
    expect(existsSync(path('out', 'unique.jsonl'))).toBe(true)

    await openDataPanel(page, 'telechat2', 'mindrecord')
    await type(page, { input: path('telechat.jsonl'), tokenizer: path('telechat2.model') })
    await type(page, { seqLength: '64', output: path('out', 'telechat.mindrecord') })
    await waitForSamples(page)
    await runAndOpen(page)
    await context.close()
    expect(errors).toEqual([])
  })

  it(
    'shows pairs side by side, without serious violations in the dark and in Chinese',
    { timeout: 600_000 },
    async () => {
      const { page, context, errors } = await openPage(browser, await shell.newUrl(), {
        theme: 'dark',
        locale: 'zh-CN',
      })
      await openDataPanel(page, 'llama2', 'preprocess')
      await pick(page, 'kind', 'Alpaca 偏好对')
      await type(page, { input: path('pairs.json'), tokenizer: path('llama2-tokenizer'), promptColumn: 'instruction' })
      await type(page, { queryColumn: 'input', seqLength: '', outputPrefix: path('out', 'pairs') })
      await waitForSamples(page)
      await onScreen(page, 'sample').first().getByText('拒绝', { exact: true }).waitFor()
      const onPanel = await seriousViolations(page)
      await runAndOpen(page)
      const onDataset = await seriousViolations(page)
      await page.getByTestId('activity-artifacts').click()
      await page.getByTestId('artifacts-table').getByText('questions').first().click()
      await page.getByText(/被拒数据/).click()
      await onScreen(page, 'rejected-table').waitFor()
      const onRejected = await seriousViolations(page)
      await context.close()
      expect({ onPanel, onDataset, onRejected }).toEqual({ onPanel: [], onDataset: [], onRejected: [] })
      expect(errors).toEqual([])
    },
  )
})
