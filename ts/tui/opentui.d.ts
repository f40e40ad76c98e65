/**
 * What the panel uses of OpenTUI's JSX. Its packages are 65 MB, with a native library each, for the types of
 * three elements; the whole-system test draws with the real ones inside OpenCode.
 */
declare module "@opentui/solid/jsx-runtime" {
  /** A colour, as the theme gives it. */
  type Colour = import("@opencode-ai/plugin/tui").TuiThemeCurrent["text"];

  /** An element, and as in Solid whatever can stand for some. */
  type Node = object | string | number | boolean | null | undefined | readonly Node[];

  interface Layout {
    children?: Node;
    flexDirection?: "row" | "column";
    flexGrow?: number;
    flexShrink?: number;
    /** Cells between the children. */
    gap?: number;
  }

  interface Text extends Layout {
    fg?: Colour;
    wrapMode?: "none" | "char" | "word";
    /** Cuts what does not fit, with dots in the middle. */
    truncate?: boolean;
  }

  export namespace JSX {
    type Element = Node;

    interface IntrinsicElements {
      box: Layout;
      text: Text;
      b: { children?: Node };
    }

    interface ElementChildrenAttribute {
      children: unknown;
    }
  }
}
