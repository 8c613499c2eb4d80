import { createTarPacker } from 'modern-tar';

/** A file of an archive that is text and not on any disk. */
export interface TextEntry {
  readonly name: string;
  readonly text: string;
}

/** A tar archive of texts, made as it is consumed. */
export function packTexts(entries: AsyncIterable<TextEntry>): AsyncIterable<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const feed = async () => {
    for await (const { name, text } of entries) {
      const bytes = new TextEncoder().encode(text);
      const writer = controller.add({ name, size: bytes.length, mode: 0o600, mtime: new Date() }).getWriter();
      await writer.write(bytes);
      await writer.close();
    }
    controller.finalize();
  };
  feed().catch((error: unknown) => controller.error(error));
  return readable;
}
