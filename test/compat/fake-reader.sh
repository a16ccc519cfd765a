# Stands for an image, and does what its name says: sh fake-reader.sh <image> <program> … <fixture>
image=$1
for fixture; do :; done
answer='{"readable": true, "failedChecks": []}'
status=0
if grep -q '"quantity":0' "$fixture"; then
  answer='{"readable": false, "failedChecks": ["orders.quantity"]}'
  status=1
fi
case $image in
  *gullible*) answer='{"readable": true, "failedChecks": []}' ;;
  *crashing*)
    echo "Error: out of cheese" >&2
    exit 3
    ;;
esac
echo "a log line"
echo "$answer"
exit $status
