/** The names of the formats of lists. */
export const LINE_FORMAT_NAMES = [
  'rclone-lsjson',
  'hashsum',
  'google-url-list',
  'qshell-listbucket',
  'urls',
  'oms-url-list',
  'oms-object-list',
  'keys',
] as const;

export const LIST_FORMATS = ['inventory', 'manifest', ...LINE_FORMAT_NAMES] as const;

export type ListFormat = (typeof LIST_FORMATS)[number];
