/** What is done with pull requests, whatever kind of forge holds them. */

export interface PullRequest {
  number: number;
  isOpen: boolean;
  /** The branch that it is to be merged into. */
  base: string;
  /** The commit that would be merged, as the forge has it: any text. */
  head: string;
}

/** Everything throws an `Error` whose first line says what was attempted, on what, why it failed and what to do. */
export interface ForgeClient {
  openPullRequests(): Promise<PullRequest[]>;
  pullRequest(number: number): Promise<PullRequest>;
  /** The texts of its comments. */
  comments(number: number): Promise<string[]>;
  comment(number: number, text: string): Promise<void>;
  close(number: number): Promise<void>;
}
