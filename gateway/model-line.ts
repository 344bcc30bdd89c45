import type { ChatRequest, Model, ModelRole } from '@reeve/core';

/** A model and what the settings call it; prices go by that name first. */
export interface NamedModel {
  readonly name: string;
  readonly model: Model;
}

/** The models that the settings ask for at one moment. */
export interface ModelSet extends Readonly<Record<ModelRole, NamedModel>> {
  /** Takes over when a role's own model fails before its first token. */
  readonly fallback: NamedModel | null;
  /** Answers whatever holds images. */
  readonly vision: NamedModel | null;
}

/** Who answers one call. */
export interface ModelLine {
  readonly own: NamedModel;
  readonly fallback: NamedModel | null;
}

/**
 * Who answers a request: its role's model; for one that holds images the model that sees them, if one is set. That one
 * has no fallback: a model that sees nothing would answer as if there were no image.
 */
export function lineFor(models: ModelSet, request: ChatRequest): ModelLine {
  if (models.vision && holdsImages(request)) return { own: models.vision, fallback: null };
  return { own: models[request.role], fallback: models.fallback };
}

function holdsImages({ messages }: ChatRequest): boolean {
  return messages.some(
    ({ content }) => Array.isArray(content) && content.some(({ type }) => type === 'image_url'),
  );
}
