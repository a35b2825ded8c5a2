/// @file
/// An answer whose form depends on a request that is not complete yet.
#pragma once

#include "http/dialects/answer_translator.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::api {

/// Becomes another translator when the answer begins: all of the request is known then, because an
/// answer to half of one is refused.
class late_answer final : public http::answer_translator {
public:
  using maker = std::function<std::unique_ptr<http::answer_translator>()>;
  explicit late_answer(maker make) : make_(std::move(make)) {}

  progress begin(const http::response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override { return inner_->client_head(); }
  void broken(std::string& out, http::response_detail detail, std::string_view message) override {
    inner_->broken(out, detail, message);
  }
  bool may_keep_alive() const override { return inner_->may_keep_alive(); }
  bool promises_events() override { return made().promises_events(); }
  std::optional<http::told_error> reported() const override { return inner_->reported(); }

private:
  progress checked(progress how);
  http::answer_translator& made();

  maker make_;
  std::unique_ptr<http::answer_translator> inner_;
};

} // namespace synapse::api
