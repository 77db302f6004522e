# shellcheck shell=bash
# A project of before Patroni, one with a single database, a dump. Of run.sh, which takes
# this in by `source`.

# --- a project of before, and a small one -----------------------------------

# Who follows stops first, so that nobody is promoted meanwhile.
databases_stop() { # LEADER FOLLOWER
  [ "$(member_is Leader)" = "$1" ] || deploy/switchover.sh >/dev/null
  two_again
  compose stop "$2" >/dev/null 2>&1
  compose down >/dev/null 2>&1
}
etcd_forgets() {
  docker volume rm ${PROJECT}_etcd ${PROJECT}_etcd-2 ${PROJECT}_etcd-3
}
# As the official image of PostgreSQL left it in the volume.
as_before() { # VOLUME
  docker run --rm -v "${PROJECT}_$1:/var/lib/hermetic/data" --network none \
    hermetic-database bash -c 'cd /var/lib/hermetic/data && rm -rf before &&
      mv cluster/* . && rmdir cluster && echo "synchronous_standby_names = standby" \
        >>postgresql.auto.conf'
}
taken_over() { # LEADER FOLLOWER
  as alice send "$SESSION" "before $1" >/dev/null
  databases_stop "$1" "$2"
  for volume in database database-2; do
    check "the cluster lies where it lay before: $volume" as_before $volume
  done
  check "the one that followed starts first: $2" quiet compose up --detach \
    --no-build --no-deps "$2"
  etcd_forgets >/dev/null
  check "a project of before comes up" quiet compose "${up[@]}"
  check "with two databases" two_again
  check "and what was said" bob_reads "before $1"
}
taken_over standby postgres
taken_over postgres standby
databases_stop postgres standby
small() { docker compose -p $PROJECT -f docker-compose.yml -f deploy/small.yml "$@"; }
follower_refuses() {
  local said
  said=$(docker run --rm -e NAME=standby --network none \
    -v ${PROJECT}_database-2:/var/lib/hermetic/data hermetic-database alone 2>&1) &&
    return 1
  [[ $said == *"it followed the other one"* ]] || { echo "$said" >&2; return 1; }
}
check "one that follows is not run by itself" follower_refuses
check "one database comes up alone" quiet small "${up[@]}"
check "with what was said" bob_reads "before postgres"
as alice send "$SESSION" "with one" >/dev/null
check "and takes more" bob_reads "with one"
small down >/dev/null 2>&1
docker volume rm ${PROJECT}_database-2 >/dev/null
etcd_forgets >/dev/null
check "another one is added" quiet compose "${up[@]}"
check "and follows" two_again
check "and what was said is there" bob_reads "with one"
docker exec "$(container postgres)" pg_dump -h /run/postgresql -U postgres \
  hermetic >"$WORK/dump.sql"
compose down -v >/dev/null 2>&1
check "new databases come up" quiet compose "${up[@]}" postgres standby
restored() {
  compose exec -T postgres psql -h /run/postgresql -U postgres \
    -v ON_ERROR_STOP=1 hermetic <"$WORK/dump.sql"
}
check "a dump is restored" quiet restored
check "the rest comes up" quiet compose "${up[@]}"
check "what was said is there again" bob_reads "with one"
compose down -v >/dev/null 2>&1
rm -rf "$WORK/home"
check "one comes up new" quiet small "${up[@]}"
check "with its roles" quiet as alice register
