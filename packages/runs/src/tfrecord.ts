// TFRecord framing (https://www.tensorflow.org/tutorials/load_data/tfrecord): length, its checksum, the
// data, their checksum; the checksums are CRC-32C (Castagnoli), masked.

/** One record around `data`. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(data.length))
  return Buffer.concat([length, checksum(length), data, checksum(data)])
}

/** The masked CRC-32C of `data`, little-endian. */
function checksum(data: Uint8Array): Uint8Array {
  const crc = crc32c(data)
  const masked = ((((crc >>> 15) | (crc << 17)) >>> 0) + 0xa282ead8) >>> 0
  const written = Buffer.alloc(4)
  written.writeUInt32LE(masked)
  return written
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** CRC-32C of RFC 3720, Appendix B.4. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!
  return ~crc >>> 0
}
