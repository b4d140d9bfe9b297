// The data each component takes, declared once; component.py of each folder writes it. Only the type checker reads this file.

/** @typedef {"diverging" | "sequential" | "grey" | "colour"} ScaleKind what colours stand for: -end to end, 0 to end, 0 to end as
 * grey, or 0 to end as red, green and blue of one picture; end is 1 for an image's own */
/** @typedef {{kind: ScaleKind, end: number}} Scale */
/** @typedef {{light: string, dark: string}} Tables the diverging colours of each theme, base64 of 256 x 3 bytes */
/** @typedef {[number, number, number, number]} Rectangle top, left, height, width */
/** @typedef {[number, number, number]} Shape channels, height, width */
/** @typedef {{stage: string, channel: number, y: number, x: number}} Place one value of a picture */

/**
 * A window walking along one axis, as cnn_core.shapes.Axis has it.
 * @typedef {{size: number, kernel: number, stride: number, before: number, dilation: number, outputs: number}} Axis
 */

/**
 * What the cells of a panel read from another one.
 * @typedef {object} Reads
 * @property {string} panel name of the panel that is read
 * @property {"same" | "row" | "column" | "window" | "all"} how
 * @property {"own" | "all"} channels which maps of it
 * @property {boolean} transposed whether the other panel's cells are the windows' results, and this one's what they read
 * @property {Axis | null} rows of the window
 * @property {Axis | null} columns
 */

/**
 * One picture.
 * @typedef {object} Panel
 * @property {string} name
 * @property {string} title
 * @property {Shape} shape
 * @property {number} low smallest value
 * @property {number} high largest value
 * @property {number} end of the colour scale
 * @property {ScaleKind} scale
 * @property {[number, number] | null} encoded values of the bytes 0 and 255; null for a picture that has its colours already
 * @property {[number, number]} tiles rows and columns of maps in the picture
 * @property {string} src
 * @property {Reads[]} reads
 * @property {string} [token] of the map in the live channel
 * @property {string[] | null} [names] of the maps, or of the cells of a single column
 * @property {number[] | null} [values] of the named cells
 * @property {{picture: ScaleKind, values: ScaleKind}} [kinds] of its colours, shown as picture and as values
 */

/**
 * A stage's picture as the live channel answers; without `end` it is the camera's own picture.
 * @typedef {{name: string, shape: Shape, low: number, high: number, end?: number, tiles: [number, number], type: string,
 *   bytes: number, picture: Blob}} LiveStage
 */
/** @typedef {{name: string, probability: number, text: string}} Likely a class that a network names */
/** @typedef {{id: number, error?: string, gone?: boolean, stages: LiveStage[], window?: Window, answers?: Likely[]}} Answer */

/**
 * What stands behind one value (instruments/stages.py).
 * @typedef {object} Window
 * @property {string} stage
 * @property {number} channel
 * @property {number} y
 * @property {number} x
 * @property {number[][] | number[][][]} inputs one grid, or one for each channel where channels are summed
 * @property {number[][] | null} weights
 * @property {number[][] | number[][][] | null} products
 * @property {number} bias
 * @property {number} total
 * @property {Rectangle} field
 * @property {Rectangle} box
 * @property {number[][]} lens
 * @property {[number, number]} lens_corner
 */

/** @typedef {{base: string, op?: string, token?: string, settings?: Record<string, unknown>}} Live how the channel is asked */

/** @typedef {{instrument: string, live: Live, tables: Tables, input: Panel, stages: Panel[], window: Window | null, note: string,
 *   auto: boolean}} StageData auto: as pictures where the convolution has no negative values, else as values */

/**
 * @typedef {object} MapData
 * @property {string} instrument
 * @property {Live} live
 * @property {Tables} tables
 * @property {Panel[]} panels
 * @property {Record<string, Rectangle> | null} boxes
 * @property {string | null} select name of the panel on which a rectangle can be dragged
 * @property {boolean} clickable
 */

/** @typedef {{instrument: string, name: string, text: string, values: number[][], note: string, limit: number, tables: Tables}} EditorData */
/** @typedef {{instrument: string, name: string, label: string, value: number, low: number, high: number, step: number}} SliderData */
/** @typedef {{live: Live, network: string}} CameraAnswersData */
/** @typedef {[number, number]} Point */
/** @typedef {{width: number, points: Point[]}} Stroke a line of the hand, in pixels of the pad */
/** @typedef {{answer: number, strokes: Stroke[], most: number}} PadData answer counts the runs: a new one says that the last picture was taken */
/** @typedef {{taps: [number, number][], text: string, letters: string, names: string[], winner?: [number, number]}} Step */

/**
 * @typedef {object} ExplorerData
 * @property {number[][]} input with its padding
 * @property {Rectangle} pads top, bottom, left, right
 * @property {number[][] | null} kernel
 * @property {string[]} weights letters of the kernel's numbers
 * @property {number[][]} output
 * @property {Step[]} steps
 * @property {[number[], number[]]} lost rows and columns that no window reaches
 * @property {ScaleKind} scale of the input
 * @property {Tables} tables
 * @property {[string, string, string]} titles
 * @property {[string, string, string]} colours
 * @property {number} at
 */

/**
 * What Streamlit calls a component with.
 * @template T
 * @typedef {{data: [T], parentElement: ShadowRoot | HTMLElement, setTriggerValue: (name: string, value: unknown) => void}} Mounted
 */

export {};
