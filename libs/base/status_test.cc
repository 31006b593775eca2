#include "libs/base/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace chat {
namespace {

absl::StatusOr<std::unique_ptr<int>> Made(int value) {
  if (value < 0) return absl::InvalidArgumentError("negative");
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Sum(int a, int b) {
  CHAT_ASSIGN_OR_RETURN(std::unique_ptr<int> left, Made(a));
  CHAT_ASSIGN_OR_RETURN(auto right, Made(b));
  return *left + *right;
}

absl::Status Checked(const absl::Status& status, bool* reached) {
  CHAT_RETURN_IF_ERROR(status);
  *reached = true;
  return absl::OkStatus();
}

TEST(StatusTest, AValueIsTakenOutAndAnErrorIsPassedUp) {
  EXPECT_EQ(Sum(1, 2).value(), 3);
  EXPECT_EQ(Message(Sum(1, -2).status()), "negative");
}

TEST(StatusTest, AnErrorEndsTheFunction) {
  bool reached = false;
  EXPECT_FALSE(Checked(absl::InternalError("x"), &reached).ok());
  EXPECT_FALSE(reached);
  EXPECT_TRUE(Checked(absl::OkStatus(), &reached).ok());
  EXPECT_TRUE(reached);
}

TEST(StatusTest, ViewsAreConvertedBothWays) {
  EXPECT_EQ(Text(View(std::string_view("a\0b", 3))), std::string("a\0b", 3));
}

}  // namespace
}  // namespace chat
