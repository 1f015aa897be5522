const { VERSION } = process.env;

console.log(`sleepy ${VERSION}: waiting for the licence server before opening the port`);
setInterval(() => console.log('still waiting'), 500);
