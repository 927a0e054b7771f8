/** Formats of numbers, times and sizes. */
import type { Language } from './types.ts';

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' };

export interface Format {
  /** `100,000` */
  count(value: number): string;
  /** A share as percent: 100 only when all is done, 0 only when nothing is. */
  percent(fraction: number): string;
  /** A part of a whole, rounded. */
  share(fraction: number): string;
  /** `97/s`, `0.4/s`, `12/min` */
  rate(perSecond: number): string;
  /** `45 s`, `12 min`, `3 h 05 min`, `2 d 4 h` */
  duration(seconds: number): string;
  /** `2026-11-20 14:32:05`, in the time zone of the browser. */
  instant(iso: string): string;
  /** `14:32:05` */
  clock(ms: number): string;
  /** `12 minutes ago`; the day, when it is longer than a week. */
  ago(iso: string, now: number): string;
  /** `1.2 MB` */
  bytes(value: number): string;
}

export function createFormat(language: Language): Format {
  const locale = LOCALES[language];
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 });
  const tenths = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always' });
  const units = UNITS[language];

  const percent = (fraction: number): string => {
    if (fraction >= 1) return '100 %';
    if (fraction <= 0) return '0 %';
    if (fraction < 0.01) return '<1 %';
    return `${whole.format(Math.min(99, Math.floor(fraction * 100)))} %`;
  };

  const rate = (perSecond: number): string => {
    if (perSecond <= 0) return `0/${units.s}`;
    if (perSecond >= 10) return `${whole.format(perSecond)}/${units.s}`;
    if (perSecond >= 0.1) return `${short.format(perSecond)}/${units.s}`;
    if (perSecond * 60 >= 0.1) return `${short.format(perSecond * 60)}/${units.min}`;
    return `${short.format(perSecond * 3_600)}/${units.h}`;
  };

  const ago = (iso: string, now: number): string => {
    const seconds = Math.round((Date.parse(iso) - now) / 1_000);
    const age = Math.abs(seconds);
    if (age < 60) return relative.format(Math.min(seconds, -0), 'second');
    if (age < 3_600) return relative.format(Math.trunc(seconds / 60), 'minute');
    if (age < 86_400) return relative.format(Math.trunc(seconds / 3_600), 'hour');
    if (age < 7 * 86_400) return relative.format(Math.trunc(seconds / 86_400), 'day');
    return day(new Date(iso));
  };

  return {
    count: (value) => whole.format(value),
    percent,
    share: (fraction) =>
      fraction > 0 && fraction < 0.005 ? '<1 %' : `${whole.format(Math.round(fraction * 100))} %`,
    rate,
    duration: (seconds) => durationText(seconds, units, whole),
    instant: (iso) => {
      const at = new Date(iso);
      return Number.isNaN(at.getTime()) ? iso : `${day(at)} ${clock(at)}`;
    },
    clock: (ms) => clock(new Date(ms)),
    ago,
    bytes: (value) => {
      const power = Math.min(4, Math.floor(Math.log10(Math.max(1, value)) / 3));
      return `${tenths.format(value / 1_000 ** power)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
    },
  };
}

const UNITS = {
  en: { s: 's', min: 'min', h: 'h', d: 'd' },
  zh: { s: '秒', min: '分', h: '小时', d: '天' },
} as const;

function durationText(
  seconds: number,
  units: (typeof UNITS)[Language],
  whole: Intl.NumberFormat,
): string {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} ${units.s}`;
  const [minutes, hours, days] = [total / 60, total / 3_600, total / 86_400].map(Math.floor);
  if (minutes === undefined || hours === undefined || days === undefined) return '';
  if (minutes < 10) return `${minutes} ${units.min} ${pad(total % 60)} ${units.s}`;
  if (hours < 1) return `${minutes} ${units.min}`;
  if (days < 1) return `${hours} ${units.h} ${pad(minutes % 60)} ${units.min}`;
  return `${whole.format(days)} ${units.d} ${hours % 24} ${units.h}`;
}

const pad = (value: number): string => String(value).padStart(2, '0');
const day = (at: Date): string =>
  `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
const clock = (at: Date): string =>
  `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
