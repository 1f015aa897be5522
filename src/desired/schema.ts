/** The two kinds of document, whole. What a schema cannot say of several keys together is in rules.ts. */
import { z } from 'zod';
import { reconcilerSpec } from './reconciler-schema.ts';
import { recipeSpec } from './recipe-schema.ts';
import { recipeName } from './words.ts';

const API_VERSION = 'reconcile/v1';

const apiVersion = z.literal(API_VERSION).describe(`The version of this format: ${API_VERSION}.`);

export const recipeDocument = z.strictObject({
  apiVersion,
  kind: z.literal('Recipe').describe('The kind of document: Recipe.'),
  metadata: z
    .strictObject({ name: recipeName.describe('The name of the recipe, unique among all manifests.') })
    .describe('Which recipe this is.'),
  spec: recipeSpec.describe('What is wanted of it.'),
});
export type RecipeDocument = z.output<typeof recipeDocument>;

export const reconcilerDocument = z.strictObject({
  apiVersion,
  kind: z.literal('Reconciler').describe('The kind of document: Reconciler.'),
  metadata: z
    .strictObject({ name: recipeName.optional().describe('A name, for people only.') })
    .optional()
    .describe('Names the document.'),
  spec: reconcilerSpec.prefault({}).describe('How the program works; every key has a default.'),
});
export type ReconcilerDocument = z.output<typeof reconcilerDocument>;

/** What every document begins with; says which of the two to read the rest by. */
export const header = z.looseObject({ apiVersion, kind: z.enum(['Recipe', 'Reconciler']) });
