#include "libs/rpc/refusal.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"

namespace chat::rpc {
namespace {

TEST(RefusalTest, ItTravelsAsAGrpcStatusAndComesBack) {
  grpc::Status status = ToGrpc(Refuse(v1::NOT_FOUND, "Message.id: no such message"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "Message.id: no such message");
  v1::Refusal details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), v1::NOT_FOUND);
  absl::Status back = FromGrpc(status);
  EXPECT_EQ(RefusalOf(back), v1::NOT_FOUND);
  EXPECT_EQ(Message(back), "Message.id: no such message");
}

TEST(RefusalTest, NothingElseIsARefusal) {
  EXPECT_EQ(RefusalOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(RefusalOf(absl::FailedPreconditionError("x")), std::nullopt);
  EXPECT_EQ(RefusalOf(absl::InternalError("x")), std::nullopt);
  grpc::Status foreign(grpc::StatusCode::FAILED_PRECONDITION, "x", "\xff\xff not a message");
  EXPECT_EQ(RefusalOf(FromGrpc(foreign)), std::nullopt);
  EXPECT_EQ(FromGrpc(foreign).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(RefusalTest, OtherCodesMapOneToOne) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
  for (int code = 1; code <= 16; ++code) {
    absl::Status status(static_cast<absl::StatusCode>(code), "why");
    EXPECT_EQ(ToGrpc(status).error_code(), code);
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
  }
}

TEST(RefusalTest, ALongMessageIsCutBecauseMetadataAreBounded) {
  EXPECT_LE(ToGrpc(absl::InternalError(std::string(100'000, 'x'))).error_message().size(), 1024u);
}

}  // namespace
}  // namespace chat::rpc
