#include "services/media/sigv4.h"

#include <gtest/gtest.h>

#include "services/media/s3_space.h"
#include "services/media/sts.h"

namespace chat::media {
namespace {

// Signatures by botocore 1.29.27 (S3SigV4QueryAuth, SigV4Auth) at 2026-11-23T03:04:20Z.
constexpr int64_t kNow = 1795403060;

TEST(SigV4Test, APresignedUrlIsThatOfBotocore) {
  const SigningKey key{"AK", "secret/key", "us-east-1", "s3"};
  const SignedTarget target{"http://s3:9", "/b/p q/x", {{"response-content-disposition", "a; b"}}};
  EXPECT_EQ(Presign(key, "PUT", target, kNow, 60),
            "http://s3:9/b/p%20q/x?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AK%2F20261123%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20261123T030420Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
            "&response-content-disposition=a%3B%20b"
            "&X-Amz-Signature=1b0d173aca2f206154a060b2aaf39505015f1981d0aec04f45c3d666f6494a6f");
}

// The example of AWS's documentation of presigned URLs.
TEST(SigV4Test, APresignedUrlIsThatOfTheDocumentation) {
  const SigningKey key{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                       "us-east-1", "s3"};
  const std::string url = Presign(
      key, "GET", {"https://examplebucket.s3.amazonaws.com", "/test.txt", {}}, 1369353600, 86400);
  EXPECT_EQ(url.substr(url.rfind('=') + 1),
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4Test, ASignedPostIsThatOfBotocore) {
  const SigningKey key{"AK", "secret/key", "eu-west-1", "sts"};
  const std::vector<std::string> headers =
      SignPost(key, {"http://sts:9", "/", {}}, "application/x-www-form-urlencoded; charset=utf-8",
               "Action=AssumeRole&RoleArn=a%2Fb", kNow);
  ASSERT_EQ(headers.size(), 3u);
  EXPECT_EQ(headers[1], "X-Amz-Date: 20261123T030420Z");
  EXPECT_EQ(headers[2],
            "Authorization: AWS4-HMAC-SHA256 Credential=AK/20261123/eu-west-1/sts/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=131a2eee73ab1df86bea4e8d9cfaefc1e09f49c79427ec71eee75f6c17b02048");
}

TEST(S3SpaceTest, ALinkNamesItsObjectWhateverItsQuery) {
  const S3Space space({"http://s3:9", "b", "p/", {"AK", "secret", "us-east-1", "s3"}}, {});
  Attachment one, other;
  one.name = "abc";
  one.filename = "a b.png";
  other.name = "abd";
  EXPECT_TRUE(space.Names(space.PutLink(one), one));
  EXPECT_TRUE(space.Names(space.GetLink(one), one));
  EXPECT_FALSE(space.Names(space.PutLink(one), other));
  EXPECT_FALSE(space.Names("http://else/b/p/abc", one));
  EXPECT_NE(space.GetLink(one).find("response-content-disposition=attachment%3B%20filename%3D"),
            std::string::npos);
}

TEST(StsTest, CredentialsAreReadFromTheAnswer) {
  const std::string answer =
      "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>x</Arn></AssumedRoleUser>"
      "<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>a/b&amp;lt;</SecretAccessKey>"
      "<SessionToken>t==</SessionToken><Expiration>2026-11-23T03:04:20.5Z</Expiration>"
      "</Credentials></AssumeRoleResult></AssumeRoleResponse>";
  const auto credentials = ParseAssumeRole(answer);
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  EXPECT_EQ(credentials->access_key, "ASIA");
  EXPECT_EQ(credentials->secret_key, "a/b&lt;");
  EXPECT_EQ(credentials->session_token, "t==");
  EXPECT_EQ(credentials->expires_ms, kNow * 1000);
  for (const char* cut : {"SessionToken", "Expiration", "Credentials"}) {
    std::string less = answer;
    less.replace(less.find(cut), 1, "x");
    EXPECT_FALSE(ParseAssumeRole(less).ok()) << cut;
  }
}

}  // namespace
}  // namespace chat::media
