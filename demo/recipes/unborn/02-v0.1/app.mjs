throw new Error('nothing to run yet; the tag v0.1 names a milestone, not a release');
