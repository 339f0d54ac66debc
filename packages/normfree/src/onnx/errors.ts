// What cannot be written as ONNX.
import { ArgumentError } from '@normfree/torch'

/** A model does something that the exported graph could not repeat; the message says what, and where. */
export class OnnxExportError extends ArgumentError {
  override name = 'OnnxExportError'
}
