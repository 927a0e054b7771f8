/** CSV as RFC 4180 has it, one line at a time: a field can't hold a line break here. */

interface CsvFault {
  readonly reason: 'CSV_QUOTE';
  /** What is wrong and what was expected, for a person. */
  readonly message: string;
  /** The field as it should be written, where that is certain. */
  readonly fix?: string;
}

/** Splits one line, given without its line break, into decoded fields. */
export function splitCsvLine(line: string, delimiter = ','): readonly string[] | CsvFault {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      const quoted = readQuoted(line, at, delimiter);
      if ('reason' in quoted) return quoted;
      fields.push(quoted.value);
      at = quoted.end;
    } else {
      const comma = line.indexOf(delimiter, at);
      const end = comma === -1 ? line.length : comma;
      const value = line.slice(at, end);
      if (value.includes('"')) return strayQuote(line, at, end);
      fields.push(value);
      at = end;
    }
    if (at === line.length) return fields;
    at += 1;
  }
}

/** Writes one field, quoted where it must be. */
export const toCsvField = (value: string): string =>
  /[",\r\n]/.test(value) ? quote(value) : value;

/**
 * Makes a text safe for a spreadsheet, which would run it as a formula, and for a reader of lines:
 * an apostrophe goes before what starts like a formula, a blank replaces a control character. Keys
 * are not treated so: another key would be another object.
 */
export function harmless(text: string | undefined): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  const line = text?.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ');
  return line !== undefined && /^\s*[=+\-@＝＋－＠]/.test(line) ? `'${line}` : line;
}

const quote = (value: string): string => `"${value.replaceAll('"', '""')}"`;

/** @param open position of the opening quote */
function readQuoted(
  line: string,
  open: number,
  delimiter: string,
): { value: string; end: number } | CsvFault {
  let close = line.indexOf('"', open + 1);
  while (line[close + 1] === '"' && close !== -1) close = line.indexOf('"', close + 2);
  if (close === -1) {
    const message = `the quote at character ${open + 1} is not closed on this line; a field can't hold a line break`;
    return { reason: 'CSV_QUOTE', message };
  }
  const end = close + 1;
  if (end < line.length && line[end] !== delimiter) {
    const message = `character ${end + 1} follows a closing quote, expected a comma; write a quote inside a quoted field twice`;
    return { reason: 'CSV_QUOTE', message };
  }
  return { value: line.slice(open + 1, close).replaceAll('""', '"'), end };
}

/** With a fix where the field surely ends here; in an address the quote would have to be encoded. */
function strayQuote(line: string, start: number, end: number): CsvFault {
  const value = line.slice(start, end);
  const at = start + value.indexOf('"') + 1;
  if (value.trimStart().startsWith('"')) {
    const message = `there is a blank before the quote at character ${at}; remove the blank`;
    return { reason: 'CSV_QUOTE', message };
  }
  const message = `character ${at} is a quote inside a field that does not start with one; quote the field and write the quote twice`;
  const isAlone = !line.includes('"', end) && !value.includes('://');
  return { reason: 'CSV_QUOTE', message, ...(isAlone && { fix: quote(value) }) };
}
