/** Tables of a type's fields that the compiler keeps true to the type, and a test holds against real objects. */

/** Each field of `T`, and whether it is always there. */
export type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? "optional" : "needed";
};

/** A table for each member of a union that is told apart by `type`. */
export type FieldsByType<T extends { readonly type: string }> = {
  readonly [K in T["type"]]: Fields<Extract<T, { readonly type: K }>>;
};

/**
 * What differs between a table and objects: fields that the table doesn't know, needed ones that are absent, and
 * optional ones that no object has, for then nothing shows that their name is right.
 */
export function differences(
  name: string,
  fields: Readonly<Record<string, string>>,
  objects: readonly object[],
): string[] {
  const found = new Set<string>();
  if (objects.length === 0) found.add(`${name}: none was seen`);
  for (const object of objects) {
    for (const field of Object.keys(object)) {
      if (!Object.hasOwn(fields, field)) found.add(`${name}.${field}: not in the type`);
    }
    for (const [field, need] of Object.entries(fields)) {
      if (need === "needed" && !Object.hasOwn(object, field))
        found.add(`${name}.${field}: needed, but absent`);
    }
  }
  for (const [field, need] of Object.entries(fields)) {
    if (need === "optional" && !objects.some((object) => Object.hasOwn(object, field))) {
      found.add(`${name}.${field}: never seen`);
    }
  }
  return [...found];
}

/** {@link differences} of a union, its objects sorted by `type`. */
export function differencesByType(
  name: string,
  tables: Readonly<Record<string, Readonly<Record<string, string>>>>,
  objects: readonly { readonly type: string }[],
): string[] {
  const unknown = objects.filter((object) => !Object.hasOwn(tables, object.type));
  return [
    ...unknown.map((object) => `${name} ${object.type}: not in the type`),
    ...Object.entries(tables).flatMap(([type, fields]) =>
      differences(
        `${name} ${type}`,
        fields,
        objects.filter((object) => object.type === type),
      ),
    ),
  ];
}
