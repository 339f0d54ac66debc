// normfree/onnx: models as ONNX files. Apart from the main entry, so that who exports nothing loads no
// encoder.
export { OnnxExportError } from './errors.ts'
export { exportOnnx, ONNX_OPSET, type OnnxExportOptions, type OnnxFile } from './export.ts'
