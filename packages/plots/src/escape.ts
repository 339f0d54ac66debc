// Text into markup, HTML or XML.

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Safe as text and inside quoted attributes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, character => ENTITIES[character]!)
}
