export type Present<Value> = { [Name in keyof Value]?: Exclude<Value[Name], undefined> };

/** The object without its undefined fields, for optional ones that must be absent. */
export const present = <Value extends object>(value: Value): Present<Value> =>
  Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== undefined),
  ) as Present<Value>;
