#!/bin/sh
# An app that does one thing well or badly: behaving.sh BEHAVIOUR. What `docker stack deploy` gives it is all that it has.
answer() { # STATUS BODY: for ever, one connection after the other
  while :; do printf 'HTTP/1.0 %s\r\nContent-Length: %s\r\n\r\n%s' "$1" "${#2}" "$2" | nc -l -p 80 >/dev/null; done
}
serve() { # BODY
  printf '%s\n' "$1" > /www/index.html
  exec httpd -f -p 80 -h /www
}
case "$1" in
  answers) serve 'all is well' ;;
  silent) exec sleep 100000 ;;
  exits)
    echo 'cannot start: there is no database' >&2
    exit 3
    ;;
  answers-500) answer '500 Internal Server Error' 'the database is on fire' ;;
  ignores-sigterm)
    trap 'echo not now' TERM
    printf 'all is well\n' > /www/index.html
    httpd -f -p 80 -h /www &
    while :; do wait; done
    ;;
  stores)
    echo "$VERSION" >> /data/versions
    versions=$(sed 's/.*/"&"/' /data/versions | paste -s -d ,)
    serve "{\"versions\": [$versions], \"secret\": \"$(cat /run/secrets/key)\"}"
    ;;
esac
