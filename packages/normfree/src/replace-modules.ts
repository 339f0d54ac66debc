// Other modules in the places of a model's, for transformations that rewrite nobody's forward.
import type { nn } from '@normfree/torch'

/** Puts new modules in the places of old ones below `model`, in every field that holds these. */
export function replaceModules(
  model: nn.Module,
  replaced: ReadonlyMap<nn.AnyModule, nn.AnyModule>,
): void {
  for (const parent of model.modules()) {
    const fields = parent as unknown as Record<string, unknown>
    for (const [name, value] of Object.entries(fields)) {
      const replacement = replaced.get(value as nn.AnyModule)
      if (replacement) fields[name] = replacement
    }
  }
}
