/** File name of the worker that lints manifests; filled in by the build. */
declare const LINT_WORKER: string;
