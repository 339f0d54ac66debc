// torch.amp: operators in half precision while parameters stay float32.
export { type AutocastOptions, autocast } from './autocast.ts'
export {
  GradScaler,
  type GradScalerOptions,
  type GradScalerState,
  type Steppable,
} from './grad-scaler.ts'
