/** The tools of a host that do nothing but change files, and the files that a call of one names. */
import * as z from "zod";

/** Their names. */
export const EDIT_TOOLS = ["write", "edit", "patch", "apply_patch", "multiedit"] as const;

const text = z.string().optional().catch(undefined);

/** What a call of one is given, of which it may be given both: neither is to hide the other. */
export const EditInput = z
  .object({ filePath: text, patchText: text })
  .refine(({ filePath, patchText }) => filePath !== undefined || patchText !== undefined);

/** The lines of a patch that name its files. */
const PATCHED = /^\*\*\* (?:(?:Add|Update|Delete) File|Move to):[ \t]*(.+)$/gm;

/** The files that a call names, as it names them. */
export function filesOfEdit({ filePath, patchText = "" }: z.infer<typeof EditInput>): readonly string[] {
  const patched = [...patchText.matchAll(PATCHED)].map(([, path = ""]) => path.trim());
  return filePath === undefined ? patched : [filePath, ...patched];
}
