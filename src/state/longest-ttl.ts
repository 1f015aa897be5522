/** A holder on another machine is watched for as long as its lease lasts: so that has an end. Apart, so that it loads nothing. */
export const LONGEST_TTL_MS = 86_400_000;
