import { describe, expect, it } from 'vitest'
import { memberText, toPythonJson } from '#engine/dataset/templates/python-json.ts'

describe('toPythonJson', () => {
  // Left what stands in the data, right what Python 3 prints for json.dumps(json.loads(left), ensure_ascii=False).
  it.each([
    ['{"a":1,"b":[true,null]}', '{"a": 1, "b": [true, null]}'],
    ['{ }', '{}'],
    ['"a,b: \\u4e2d\\/\\n"', '"a,b: 中/\\n"'],
    ['12345678901234567890', '12345678901234567890'],
    ['-0', '0'],
    ['1.0', '1.0'],
    ['1e5', '100000.0'],
    ['1e16', '1e+16'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['-2.50', '-2.5'],
    ['1E400', 'Infinity'],
  ])('%s becomes %s', (json, expected) => {
    expect(toPythonJson(json)).toBe(expected)
  })
})

describe('memberText', () => {
  it('finds a member of the outermost object only, the last of equal ones', () => {
    const json = '{"x": {"arguments": 1}, "arguments" : [1, {"arguments": 2}], "y": "arguments"}'
    expect(memberText(json, 'arguments')).toBe('[1, {"arguments": 2}]')
    expect(memberText('{"a":1,"a":2}', 'a')).toBe('2')
    expect(memberText('{"a":1}', 'b')).toBeNull()
  })
})
