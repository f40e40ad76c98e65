import { describe, expect, it } from "vitest";
import { settingsJsonSchema } from "./schemas.ts";
import { settingsSchema } from "./settings.ts";

const schema = JSON.parse(JSON.stringify(settingsJsonSchema()));

describe("the schema of the settings", () => {
  it("knows every setting, requires none, and refuses all others", () => {
    expect(Object.keys(schema.properties)).toEqual(Object.keys(settingsSchema().shape));
    expect(schema.required).toBeUndefined();
    expect(schema.additionalProperties).toBe(false);
    expect(schema.properties.lanes.additionalProperties).toBe(false);
    expect(schema.properties.lanes.required).toBeUndefined();
  });

  it("says what each is for, and its default", () => {
    for (const [name, property] of Object.entries<{ description?: string }>(schema.properties)) {
      expect(property.description, name).toMatch(/\.$/);
    }
    expect(schema.properties.attempts).toMatchObject({
      type: "integer",
      default: 3,
      minimum: 1,
      maximum: 20,
    });
    expect(schema.properties.lanes.properties.worker).toMatchObject({ default: 8, minimum: 1, maximum: 64 });
    expect(schema.properties.review).toMatchObject({ enum: ["plan", "always", "never"], default: "plan" });
  });

  it("names its dialect, so that editors know how to read it", () => {
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  });
});
