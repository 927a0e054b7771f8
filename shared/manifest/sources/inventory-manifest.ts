/**
 * Reads the manifest of a cloud's inventory: which files hold the rows, what their columns are, and what
 * proves that all were read. Every cloud has its own shape; what follows needs one.
 */
import { isRecord, parseRecord, scalarText, shorten } from '../../lib/values.ts';
import { listError } from './files.ts';

export type InventoryKind = 's3' | 'oss' | 'cos' | 'obs' | 'gs' | 'azure';

export interface InventoryFile {
  /** As the manifest names it: a key of the bucket that holds the inventory. */
  readonly name: string;
  /** Decoded, where the manifest may have encoded the name. */
  readonly decoded: string;
  readonly sizeBytes?: number;
  readonly md5?: string;
  readonly rows?: number;
}

export interface Inventory {
  /** Undefined where the manifest has no mark of a cloud. */
  readonly kind: InventoryKind | undefined;
  /** `s3://media`, or the address of the account on Azure. */
  readonly source?: string;
  readonly format: 'CSV' | 'Parquet';
  /** Of a CSV without a header line. */
  readonly columns?: readonly string[];
  /** @default "," */
  readonly delimiter?: string;
  readonly files: readonly InventoryFile[];
  /** All rows, by the manifest's control total. */
  readonly rows?: number;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * @param name what messages call it
 * @throws InputError (LIST_UNKNOWN_FORMAT, LIST_INCOMPLETE, LIST_DAMAGED)
 */
export function parseInventory(text: string, name: string): Inventory {
  const manifest = parseRecord(text) ?? parseRecord(withoutTrailingCommas(text));
  if (!manifest)
    throw listError('LIST_DAMAGED', name, 'the file is not valid JSON. Fetch it again.');
  const inventory = Array.isArray(manifest['report_shards_file_names'])
    ? googleInventory(manifest, name)
    : isRecord(manifest['ruleDefinition'])
      ? azureInventory(manifest, manifest['ruleDefinition'], name)
      : s3Inventory(manifest, name);
  refuseRepeated(inventory.files, name);
  return inventory;
}

/** S3 and the clouds that copied its inventory: OSS, COS, OBS. */
function s3Inventory(manifest: Fields, name: string): Inventory {
  const schema = textOf(manifest['fileSchema']);
  if (schema === undefined || !Array.isArray(manifest['files'])) {
    const what = `expected the manifest of an inventory, with fileSchema and files; found ${shorten(Object.keys(manifest).join(', ')) || 'nothing'}. Name the manifest.json of an inventory.`;
    throw listError('LIST_UNKNOWN_FORMAT', name, what);
  }
  const files = filesOf(manifest['files'], 'key', name);
  const format = formatOf(textOf(manifest['fileFormat']) ?? '', name);
  const columns = schema.split(',').map((column) => column.trim());
  const kind = kindOf(manifest, columns, files);
  const source = bucketOf(manifest, kind);
  const rows = numberOf(manifest['filterObjectCount']);
  return {
    kind,
    format,
    files,
    ...(format === 'CSV' && { columns }),
    ...(source !== undefined && kind !== undefined && { source: `${kind}://${source}` }),
    ...(rows !== undefined && { rows }),
  };
}

/** OBS counts the rows of each file and has no MD5; an older edition of COS has both. */
function kindOf(
  manifest: Fields,
  columns: readonly string[],
  files: readonly InventoryFile[],
): InventoryKind | undefined {
  if ('sourceAppid' in manifest || columns[0]?.toLowerCase() === 'appid') return 'cos';
  if (/^arn:aws[a-z-]*:s3:/.test(textOf(manifest['destinationBucket']) ?? '')) return 's3';
  if (files.some(({ rows }) => rows !== undefined)) {
    return files.every(({ md5 }) => md5 === undefined) ? 'obs' : 'cos';
  }
  // OSS tells its time in seconds, S3 in milliseconds.
  return /^\d{10}$/.test(textOf(manifest['creationTimestamp']) ?? '') ? 'oss' : undefined;
}

/** COS names the bucket without the APPID that belongs to its name. */
function bucketOf(manifest: Fields, kind: InventoryKind | undefined): string | undefined {
  const bucket = textOf(manifest['sourceBucket']);
  const appId = textOf(manifest['sourceAppid']);
  if (bucket === undefined || bucket === '') return undefined;
  const isWhole = kind !== 'cos' || appId === undefined || bucket.endsWith(`-${appId}`);
  return isWhole ? bucket : `${bucket}-${appId}`;
}

/** https://docs.cloud.google.com/storage/docs/insights/inventory-reports */
function googleInventory(manifest: Fields, name: string): Inventory {
  const names = (manifest['report_shards_file_names'] as readonly unknown[]).map(scalarText);
  const shards = numberOf(manifest['shard_count']);
  if (shards !== undefined && shards !== names.length) {
    const what = `the manifest names ${names.length} of ${shards} files. Fetch it again.`;
    throw listError('LIST_INCOMPLETE', name, what);
  }
  const config = recordOf(manifest['report_config']);
  const options = recordOf(config['csv_options']);
  const filters = recordOf(recordOf(config['object_metadata_report_options'])['storage_filters']);
  const isParquet = 'parquet_options' in config || names.some((file) => /\.parquet$/.test(file));
  const bucket = textOf(filters['bucket']);
  const delimiter = textOf(options['delimiter']);
  const rows = numberOf(manifest['records_processed']);
  return {
    kind: 'gs',
    format: isParquet ? 'Parquet' : 'CSV',
    files: names.map((file) => ({ name: file, decoded: file })),
    ...(bucket !== undefined && { source: `gs://${bucket}` }),
    ...(delimiter !== undefined && delimiter !== '' && { delimiter }),
    ...(rows !== undefined && { rows }),
  };
}

/** https://learn.microsoft.com/azure/storage/blobs/blob-inventory */
function azureInventory(manifest: Fields, rule: Fields, name: string): Inventory {
  const status = textOf(manifest['status']);
  if (status !== 'Succeeded') {
    const what = `the inventory run ended as ${shorten(status ?? 'unknown')}, expected Succeeded. Wait for the next run.`;
    throw listError('LIST_INCOMPLETE', name, what);
  }
  const endpoint = textOf(manifest['endpoint']);
  const rows = numberOf(recordOf(manifest['summary'])['objectCount']);
  return {
    kind: 'azure',
    format: formatOf(textOf(rule['format']) ?? '', name),
    files: filesOf(manifest['files'], 'blob', name),
    ...(endpoint !== undefined && { source: `${endpoint.replace(/\/$/, '')}/` }),
    ...(rows !== undefined && { rows }),
  };
}

function formatOf(text: string, name: string): Inventory['format'] {
  if (/^csv$/i.test(text)) return 'CSV';
  if (/^parquet$/i.test(text)) return 'Parquet';
  const what = `the inventory's format is ${shorten(text) || 'not given'}. Set the inventory to CSV or Parquet.`;
  throw listError('LIST_UNKNOWN_FORMAT', name, what);
}

function filesOf(value: unknown, keyField: string, name: string): readonly InventoryFile[] {
  const entries = Array.isArray(value) ? value : [];
  return entries.map((entry): InventoryFile => {
    // MD5checksum and md5Checksum, size and Size.
    const fields = lowerNames(recordOf(entry));
    const key = textOf(fields[keyField]);
    if (key === undefined) {
      throw listError('LIST_DAMAGED', name, `a file has no ${keyField}. Fetch the manifest again.`);
    }
    const sizeBytes = numberOf(fields['size']);
    const md5 = textOf(fields['md5checksum'])?.toLowerCase();
    const rows = numberOf(fields['inventoriedrecord']);
    return {
      name: key,
      decoded: decoded(key),
      ...(sizeBytes !== undefined && { sizeBytes }),
      ...(md5 !== undefined && { md5 }),
      ...(rows !== undefined && { rows }),
    };
  });
}

function refuseRepeated(files: readonly InventoryFile[], name: string): void {
  const seen = new Set<string>();
  for (const { name: each } of files) {
    if (seen.has(each)) {
      const what = `the manifest names ${shorten(each)} twice. Fetch it again.`;
      throw listError('LIST_DAMAGED', name, what);
    }
    seen.add(each);
  }
}

const decoded = (key: string): string => {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
};

/** Samples of OBS have one behind the last field. Strings are kept as they are, one without an end too. */
const withoutTrailingCommas = (text: string): string =>
  text.replaceAll(/("[^"\\]*(?:\\.[^"\\]*)*"?)|,(?=\s*[}\]])/gs, (_whole, string) => string ?? '');

const recordOf = (value: unknown): Fields => (isRecord(value) ? value : {});

const lowerNames = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;

/** Clouds write counts as numbers and as text. */
function numberOf(value: unknown): number | undefined {
  const text = textOf(value);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
