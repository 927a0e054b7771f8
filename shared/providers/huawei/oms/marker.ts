/**
 * The marker by which the task or group of a transfer is found again: OMS takes no token of the
 * client's, so it stands at the end of the description (OMS tasks reference, fact 2).
 */

const MAX_LENGTH = 255;

/** Longer than any marker with the blank before it. */
const MARKER_LENGTH = 95;

/** What a user may say in a description. */
export const USER_DESCRIPTION_LENGTH = MAX_LENGTH - MARKER_LENGTH;

export const markerOf = (transferId: string): string => `[waybill:${transferId}]`;

/** The run that made what is described so; undefined for what others made. */
export const runOfDescription = (description: string): string | undefined =>
  /\[waybill:([\w-]{1,64})\.\d+\.\d+\]/.exec(description)?.[1];

/**
 * The description that is sent: the user's text without what OMS refuses, cut to what the marker
 * leaves, and the whole marker.
 */
export function describeWith(marker: string, text = ''): string {
  const room = MAX_LENGTH - marker.length - 1;
  const allowed = text.replace(/[\^<>&"'\s\p{Cc}]+/gu, ' ').trim();
  // Never half a surrogate pair.
  const cut = allowed.slice(0, room).replace(/[\ud800-\udbff]$/, '');
  return cut === '' ? marker : `${cut} ${marker}`;
}
