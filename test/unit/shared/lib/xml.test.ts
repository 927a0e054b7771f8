import { describe, expect, it } from 'vitest';
import { asList, parseXml, word, writeXml } from '../../../../shared/lib/xml.ts';
import { readCase } from '../../../fixtures/cases.ts';

const textOf = (content: string) => parseXml(`<a>${content}</a>`)?.['a'];

describe('character data', () => {
  it.each([
    ['&#39;&#x27;&apos;', "'''"],
    ['&#34;&quot;', '""'],
    ['&#x4E2D;&#x6587;&#128512;', '中文😀'],
    ['&lt;&gt;&amp;', '<>&'],
    ['a&#13;&#10;&#9;b', 'a\r\n\tb'],
    // Decoded once: what a reference gives is no markup and no other reference.
    ['&amp;#39;', '&#39;'],
    ['&amp;amp;', '&amp;'],
    ['&#38;lt;', '&lt;'],
    ['&amp;lt;b&amp;gt;', '&lt;b&gt;'],
    ['<![CDATA[&#39;&amp;<b>]]>', '&#39;&amp;<b>'],
    ['x<![CDATA[ & ]]>&amp;<!-- c -->y', 'x & &y'],
    // No character, or no name that XML knows: left as it came.
    ['&#xD800;&#1114112;&nbsp;', '&#xD800;&#1114112;&nbsp;'],
  ])('%s is read as XML says', (content, expected) => {
    expect(textOf(content)).toBe(expected);
  });

  it.each(['&#8;', '&#x1F;', '&#xFFFF;', '&nbsp;'])(
    'strictly read, %s is no character',
    (content) => {
      expect(parseXml(`<a>${content}</a>`, { isStrict: true })).toBeUndefined();
      expect(textOf(content)).toBe(content);
    },
  );

  it.each([' ', ' a ', '\n a\tb \n', '&#32;a&#32;'])('keeps outer blanks: %j', (content) => {
    expect(textOf(content)).toBe(content.replaceAll('&#32;', ' '));
  });

  it('reads line ends as line feeds', () => {
    expect(textOf('a\r\nb\rc')).toBe('a\nb\nc');
  });

  it('is read as it was written', () => {
    const text = ' <it\'s> & "x" &#39; \r\n 中 ';
    expect(parseXml(writeXml({ a: { b: text } }))).toEqual({ a: { b: text } });
  });
});

describe('elements', () => {
  it('may stand on lines of their own', () => {
    const page = parseXml('<a>\n  <b>1</b>\n  <b> 2 </b>\n  <c>\n    <d/>\n  </c>\n</a>\n');
    expect(page).toEqual({ a: { b: ['1', ' 2 '], c: { d: '' } } });
  });

  it.each(['', '\n  '])('without children are an empty list: %j', (content) => {
    expect(asList(textOf(content))).toEqual([]);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'are told apart from %s',
    (name) => {
      expect(parseXml('<a><b>1</b></a>')?.[name]).toBeUndefined();
      const a = textOf('<b>1</b>') as Readonly<Record<string, unknown>>;
      expect(a[name]).toBeUndefined();
    },
  );

  it('are words where the blanks around them mean nothing', () => {
    const a = textOf('<state>\n Active </state><none/>') as Readonly<Record<string, unknown>>;
    expect([word(a, 'state'), word(a, 'none'), word(a, 'missing')]).toEqual(['Active', '', '']);
  });
});

describe('what stands before the document', () => {
  const document = '<?xml version="1.0" encoding="UTF-8"?>\n<a>1</a>';
  it.each([' ', '\n\n', '\r\n\t', '\ufeff', '\ufeff\n ', ' \ufeff'])(
    '%j is none of it',
    (before) => {
      expect(parseXml(before + document)).toEqual({ a: '1' });
    },
  );

  it('is nothing but blanks and a byte order mark', () => {
    expect(parseXml(`x${document}`)).toBeUndefined();
  });

  it('is stripped of an answer that the store kept alive with blanks', () => {
    expect(parseXml(readCase('xml-after-blanks/input.xml'))).toMatchObject({
      CompleteMultipartUploadResult: { ETag: '"7c913063d32676ebb4356e68db88db20-3"' },
    });
    expect(parseXml(readCase('xml-after-blanks/input-error.xml'))).toMatchObject({
      Error: { Code: 'InternalError', Message: 'try again' },
    });
  });
});

describe('what is not well-formed', () => {
  it.each(['', '<a>', '<a></b>', '<a/><b/>', 'text', '<html><br></html>'])(
    '%j is no document',
    (text) => {
      expect(parseXml(text)).toBeUndefined();
    },
  );
});
