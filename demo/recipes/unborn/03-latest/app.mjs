throw new Error('nothing to run yet; the tag latest moves with every commit and names no release');
