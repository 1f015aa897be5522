import { createServer } from 'node:http';

createServer((_request, response) => response.end('still here\n')).listen(
  Number(process.env.PORT),
  '127.0.0.1',
);
