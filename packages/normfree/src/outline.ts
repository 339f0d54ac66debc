// Models of which nothing but names and shapes is wanted.
import { nn, tidy } from '@normfree/torch'

/** What `look` finds in the model that `create` makes, whose weights are never drawn, and then released. */
export function outlined<T>(create: () => nn.Module, look: (model: nn.Module) => T): T {
  const model = tidy(() => nn.utils.skipInit(create))
  try {
    return look(model)
  } finally {
    for (const tensor of model.stateDict().values()) tensor.dispose()
  }
}
