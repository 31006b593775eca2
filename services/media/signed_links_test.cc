#include "services/media/signed_links.h"

#include <gtest/gtest.h>

#include "services/media/digests.h"

namespace chat::media {
namespace {

using Right = SignedLinks::Right;

std::string QueryOfLink(const std::string& link) { return link.substr(link.find('?') + 1); }

TEST(SignedLinksTest, ALinkGivesItsRightToItsObjectUntilItExpires) {
  const SignedLinks links("http://m:1", "secret");
  const std::string link = links.Make(Right::kWrite, "abc", 1000);
  EXPECT_EQ(link.substr(0, 42), "http://m:1/file/abc?expires=1000&signature");
  const std::string query = QueryOfLink(link);
  EXPECT_TRUE(links.Allows(Right::kWrite, "abc", query, 999));
  EXPECT_FALSE(links.Allows(Right::kWrite, "abc", query, 1000));
  EXPECT_FALSE(links.Allows(Right::kRead, "abc", query, 999));
  EXPECT_FALSE(links.Allows(Right::kWrite, "abd", query, 999));
  EXPECT_FALSE(SignedLinks("http://m:1", "other").Allows(Right::kWrite, "abc", query, 999));
  const std::string later = "expires=2000" + query.substr(query.find('&'));
  EXPECT_FALSE(links.Allows(Right::kWrite, "abc", later, 999));
  for (const char* wrong :
       {"", "expires=", "expires=1000", "signature=00", "expires=1x&signature="}) {
    EXPECT_FALSE(links.Allows(Right::kWrite, "abc", wrong, 0)) << wrong;
  }
}

TEST(SignedLinksTest, OwnLinksAreRecognised) {
  const SignedLinks links("http://m:1", "secret");
  EXPECT_EQ(links.IdOf(links.Make(Right::kRead, "abc", 1)), "abc");
  EXPECT_EQ(links.IdOf("http://m:1/file/a%20b"), "a b");
  EXPECT_EQ(links.IdOf("/file/abc"), "abc");
  EXPECT_EQ(links.IdOf("http://other/file/abc"), std::nullopt);
  EXPECT_EQ(links.IdOf("http://m:1/else/abc"), std::nullopt);
  EXPECT_EQ(links.IdOf("text"), std::nullopt);
}

TEST(DigestsTest, KnownAnswers) {
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // RFC 4231 case 2, RFC 2202 case 2.
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(HmacSha1("Jefe", "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(Base64("foob"), "Zm9vYg==");
  EXPECT_EQ(PercentEncode("a/b c~"), "a%2Fb%20c~");
  EXPECT_EQ(PercentEncode("a/b", true), "a/b");
}

}  // namespace
}  // namespace chat::media
