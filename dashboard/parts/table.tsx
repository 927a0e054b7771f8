/**
 * Tables that become cards on a narrow screen. Roles are said aloud, because a browser forgets them
 * when rows are laid out as blocks.
 */
import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  readonly name: string;
  readonly title: string;
  /** Right-aligned figures. */
  readonly isNumber?: boolean;
  /** The header of its row, and of its card. */
  readonly isHead?: boolean;
  /** Takes the room that is left, and breaks long words. */
  readonly isWide?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Older rows, until the new ones are there. */
  readonly isBusy?: boolean;
}

const classOf = ({ name, isNumber, isWide }: Column<never>): string =>
  [`col-${name}`, isNumber && 'number', isWide && 'wide'].filter(Boolean).join(' ');

export function Table<Row>({ columns, isBusy = false, keyOf, label, rows }: TableProps<Row>) {
  return (
    <div class="table-frame">
      <table role="table" aria-label={label} aria-busy={isBusy}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.name} role="columnheader" scope="col" class={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {columns.map((column) =>
                column.isHead ? (
                  <th key={column.name} role="rowheader" scope="row" class={classOf(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td
                    key={column.name}
                    role="cell"
                    class={classOf(column)}
                    data-label={column.title}
                  >
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
