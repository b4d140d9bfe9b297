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
 * @property {boolean} [row] whether the maps stand in a single row over the whole width
 * @property {{colours: string[], words: string[]} | null} [legend] what the colours over a picture stand for
 * @property {Scale | null} [meant] of the numbers that they stand for
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

/** @typedef {{instrument: string, name: string, text: string, values: number[][], note: string, limit: number, end: number,
 * tables: Tables}} EditorData end: of the colour scale, at least */
/** @typedef {{instrument: string, name: string, label: string, value: number, low: number, high: number, step: number,
 * marks: number[] | null}} SliderData marks: where alone it can stand, at equal distances; its value is one of them */
/** @typedef {{live: Live, network: string}} CameraAnswersData */
/** @typedef {[number, number]} Point */
/** @typedef {{width: number, points: Point[]}} Stroke a line of the hand, in pixels of the pad */
/** @typedef {{answer: number, strokes: Stroke[], ready: boolean, most: number}} PadData answer counts the runs: a new one says that
 * the last picture was taken; ready: nobody drew the strokes, the first one takes their place */
/** @typedef {{taps: [number, number][], text: string, letters: string, names: string[], winner?: [number, number]}} Step */

/**
 * @typedef {object} ExplorerData
 * @property {number[][]} input with its padding
 * @property {Rectangle} pads top, bottom, left, right
 * @property {number[][] | null} kernel
 * @property {string[]} weights letters of the kernel's numbers
 * @property {number[][]} output
 * @property {number} end of the output's colour scale, at least
 * @property {Step[]} steps
 * @property {[number[], number[]]} lost rows and columns that no window reaches
 * @property {ScaleKind} scale of the input
 * @property {Tables} tables
 * @property {[string, string, string]} titles
 * @property {[string, string, string]} colours
 * @property {number} at
 */

/**
 * How the maps of a card are made of those of another one: map c of maps m with floor((c - offset) / made) = floor(m / read), for c
 * from offset to offset + span - 1.
 * @typedef {{card: string, offset: number, span: number, made: number, read: number}} MapLink
 */
/** @typedef {{label: string, text: string, share: number, map: number}} CardAnswer one of the largest of named values; share of the bar */

/**
 * The first maps of a card, side by side.
 * @typedef {object} CardMaps
 * @property {string} src
 * @property {[number, number]} tiles rows and columns of maps in the picture
 * @property {number} shown maps in it
 * @property {[number, number]} size height and width of a map as it is, of which the picture may be a smaller copy
 * @property {ScaleKind} scale
 * @property {number} end
 * @property {[number, number] | null} encoded values of the bytes 0 and 255; null for a picture that has its colours already
 * @property {boolean} units whether its cells are units, laid out row by row, and not the places of a map
 */

/**
 * A card of the overview: the input, a layer with what touches up its numbers, or a folded stage.
 * @typedef {object} Card
 * @property {string} name
 * @property {string} title
 * @property {string} words the layers, in short
 * @property {string} shape
 * @property {string} more what is not shown
 * @property {"input" | "card" | "stage"} kind
 * @property {string} stage the open stage that it stands in, or ""
 * @property {number} column from the left
 * @property {number} lane from the top
 * @property {MapLink[]} reads
 * @property {{name: string, words: string, facts: string}[]} details a line for each of its nodes
 * @property {CardMaps | null} maps
 * @property {CardAnswer[]} answers instead of maps, of named values
 * @property {[[number, number][], [number, number][]] | null} fields which rows and columns of the input each row and column sees
 */

/**
 * @typedef {object} GraphData
 * @property {Card[]} cards
 * @property {{card: string, map: number, place: [number, number] | null} | null} chosen what is open, and a row and a column of it
 * @property {[number, number]} input height and width of the picture
 * @property {boolean} narrow whether cards show their names and a column of maps only, so that more of them are in sight
 * @property {{first: string, opened: string, heading: string}} hint what to do first, what is open below, and the id of its heading
 * @property {Tables} tables
 */

/**
 * What Streamlit calls a component with.
 * @template T
 * @typedef {{data: [T], parentElement: ShadowRoot | HTMLElement, setTriggerValue: (name: string, value: unknown) => void}} Mounted
 */

export {};
