#include "services/media/downloads.h"

#include <grpcpp/server_builder.h>

#include "services/media/media_fixture.h"

namespace chat::media {
namespace {

// Knows "token-<account>".
class TokenAuth final : public v1::AuthInternal::Service {
 public:
  grpc::Status Whose(grpc::ServerContext*, const v1::TokenRequest* request,
                     v1::TokenReply* reply) override {
    if (request->token() == "broken") return {grpc::StatusCode::UNAVAILABLE, "away"};
    if (request->token().substr(0, 6) == "token-") {
      reply->set_account_id(std::stoll(request->token().substr(6)));
    }
    return grpc::Status::OK;
  }
};

class DownloadsTest : public MediaFixture {
 protected:
  DownloadsTest()
      : server_(grpc::ServerBuilder().RegisterService(&auth_).BuildAndStart()),
        stub_(v1::AuthInternal::NewStub(server_->InProcessChannel({}))),
        downloads_(*store_, *files_, *stub_) {}

  TokenAuth auth_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::AuthInternal::Stub> stub_;
  Downloads downloads_;
};

TEST_F(DownloadsTest, TheUploaderReadsWhatItStored) {
  Upload("u", "0123");
  const auto found = downloads_.Find("token-1", "u");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->size, 4);
  EXPECT_EQ(found->filename, "photo.jpg");
  EXPECT_EQ(*found->file->Read(1, 2), "12");
}

TEST_F(DownloadsTest, NobodyElseDoesAndNothingTellsThatItIsThere) {
  Upload("u", "0123");
  Step(Init("half", 10));
  EXPECT_EQ(downloads_.Find("token-2", "u").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(downloads_.Find("token-1", "half").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(downloads_.Find("token-1", "unknown").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(DownloadsTest, ATokenOfNobodyIsNotAdmitted) {
  Upload("u", "0123");
  for (const std::string& token : {std::string("wrong"), std::string(), std::string(256, 'a')}) {
    EXPECT_EQ(downloads_.Find(token, "u").status().code(), absl::StatusCode::kUnauthenticated);
  }
}

TEST_F(DownloadsTest, WithoutAuthNothingIsSaidOfTheToken) {
  EXPECT_EQ(downloads_.Find("broken", "u").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace chat::media
