import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { limitStep } from '@/features/artifacts/dataset/length-limit.ts'
import LengthHistogram from '@/features/artifacts/dataset/LengthHistogram.vue'
import { i18n } from '@/i18n/index.ts'

describe('limitStep', () => {
  it.each([
    [68, 1],
    [512, 2],
    [4096, 16],
  ])('moves over %i tokens by %i', (end, step) => {
    expect(limitStep(end)).toBe(step)
  })
})

describe('the movable sequence length', () => {
  const shown = (limit?: number) => {
    const bins = [{ from: 0, to: 64, count: 3 }]
    const view = mount(LengthHistogram, { props: { bins, limit, isMovable: true }, global: { plugins: [i18n] } })
    return { view, slider: view.get('[role=slider]') }
  }

  it('is moved by the arrow keys', async () => {
    const { view, slider } = shown(40)
    await slider.trigger('keydown', { key: 'ArrowLeft' })
    await slider.trigger('keydown', { key: 'PageUp' })
    expect(view.emitted('set')).toEqual([[39], [50]])
  })

  it('waits behind the longest sample while there is none', async () => {
    const { view, slider } = shown()
    expect(slider.attributes('aria-valuenow')).toBe('64')
    await slider.trigger('keydown', { key: 'ArrowDown' })
    expect(view.emitted('set')).toEqual([[63]])
  })
})
