/// @file
/// A voice's reference on its way from the library to a backend that is to clone it.
#pragma once

#include "http/dialects/chatterbox/request.hpp"
#include "http/net/file_source.hpp"
#include "http/proxy/translation.hpp"

#include <string>

namespace synapse::api {

/// The form of Chatterbox's POST /upload_reference with one file, read while it goes out. Its
/// length is known, so a backend that dislikes chunks gets none. On the exchange's thread.
class reference_upload final : public proxy::body_source {
public:
  /// @param file opened.
  /// @param name for the backend.
  reference_upload(net::local_ptr<net::file_source> file, std::string_view name);

  const std::string& content_type() const { return form_.content_type; }
  http::body_piece next(std::string_view& piece) override;
  void release() override;
  std::optional<std::uint64_t> size() const override;
  bool from_client() const override { return false; }

private:
  http::chatterbox::reference_form form_;
  net::local_ptr<net::file_source> file_;
  enum class part { head, file, tail, end } part_ = part::head;
  std::size_t piece_ = 0;
};

} // namespace synapse::api
