// Kinds of numbers that settings are made of.
import { z } from 'zod'

/** A number > 0. */
export const positive = () => z.number().gt(0)

/** A number >= 0. */
export const notNegative = () => z.number().min(0)

/** An integer >= 1. */
export const count = () => z.int().min(1)

/** A number >= 0 and < 1. */
export const factor = () => z.number().min(0).lt(1)

/** Names of modules or parameters, as train/names.ts reads them. */
export const names = () => z.array(z.string().min(1).max(200)).max(1000)
