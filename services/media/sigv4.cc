#include "services/media/sigv4.h"

#include <algorithm>
#include <ctime>

#include "services/media/digests.h"

namespace chat::media {
namespace {

constexpr char kAlgorithm[] = "AWS4-HMAC-SHA256";

// 20150830T123600Z.
std::string Stamp(int64_t now_s) {
  const std::time_t time = now_s;
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[17];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

std::string Host(const std::string& origin) { return origin.substr(origin.find("//") + 2); }

std::string Scope(const SigningKey& key, const std::string& stamp) {
  return stamp.substr(0, 8) + "/" + key.region + "/" + key.service + "/aws4_request";
}

std::string CanonicalQuery(const SignedTarget& target) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : target.query) {
    pairs.push_back(PercentEncode(name) + "=" + PercentEncode(value));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string query;
  for (const std::string& pair : pairs) query += (query.empty() ? "" : "&") + pair;
  return query;
}

// The canonical request's headers come in as lines with their ends, sorted.
std::string Signature(const SigningKey& key, const std::string& stamp, const std::string& method,
                      const SignedTarget& target, const std::string& headers,
                      const std::string& signed_headers, const std::string& payload_hash) {
  const std::string request = method + "\n" + PercentEncode(target.path, true) + "\n" +
                              CanonicalQuery(target) + "\n" + headers + "\n" + signed_headers +
                              "\n" + payload_hash;
  const std::string text = std::string(kAlgorithm) + "\n" + stamp + "\n" + Scope(key, stamp) +
                           "\n" + Hex(Sha256(request));
  std::string secret = HmacSha256("AWS4" + key.secret_key, stamp.substr(0, 8));
  for (const std::string& part : {key.region, key.service, std::string("aws4_request")}) {
    secret = HmacSha256(secret, part);
  }
  return Hex(HmacSha256(secret, text));
}

}  // namespace

std::string Presign(const SigningKey& key, const std::string& method, SignedTarget target,
                    int64_t now_s, int64_t life_s) {
  const std::string stamp = Stamp(now_s);
  target.query.insert(target.query.end(),
                      {{"X-Amz-Algorithm", kAlgorithm},
                       {"X-Amz-Credential", key.access_key + "/" + Scope(key, stamp)},
                       {"X-Amz-Date", stamp},
                       {"X-Amz-Expires", std::to_string(life_s)},
                       {"X-Amz-SignedHeaders", "host"}});
  const std::string signature = Signature(
      key, stamp, method, target, "host:" + Host(target.origin) + "\n", "host", "UNSIGNED-PAYLOAD");
  return target.origin + PercentEncode(target.path, true) + "?" + CanonicalQuery(target) +
         "&X-Amz-Signature=" + signature;
}

std::vector<std::string> SignPost(const SigningKey& key, const SignedTarget& target,
                                  const std::string& content_type, const std::string& body,
                                  int64_t now_s) {
  const std::string stamp = Stamp(now_s);
  const std::string names = "content-type;host;x-amz-date";
  const std::string headers = "content-type:" + content_type + "\nhost:" + Host(target.origin) +
                              "\nx-amz-date:" + stamp + "\n";
  const std::string signature =
      Signature(key, stamp, "POST", target, headers, names, Hex(Sha256(body)));
  return {"Content-Type: " + content_type, "X-Amz-Date: " + stamp,
          std::string("Authorization: ") + kAlgorithm + " Credential=" + key.access_key + "/" +
              Scope(key, stamp) + ", SignedHeaders=" + names + ", Signature=" + signature};
}

}  // namespace chat::media
