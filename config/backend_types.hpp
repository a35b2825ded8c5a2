/// @file
/// What a type of backend is: everything about it that is not the translation of its requests and
/// answers stands in one row. A new type is an enumerator (config/settings.hpp), a row here, and
/// its handlers and translators (http/api).
#pragma once

#include "config/settings.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace synapse::config {

struct backend_type_row {
  backend_type type;
  std::string_view name; ///< in the file
  std::string_view usually =
      {}; ///< name of the backend that the default routes mean; empty: none alone
  /// Has models by name: lists them (GET /v1/models), and chats, completions and embeddings may go
  /// to whichever of its kind has the model.
  bool has_models = false;
  /// Takes OpenAI's own requests as they come, under `/v1`.
  bool speaks_openai = false;
  /// What its models may be there for, a bit for each config::capability; of a catalog, where the
  /// kind of a request decides.
  std::uint16_t kinds = 0;
  /// Somebody is paid for each request: it is never asked just to see whether it lives.
  bool paid = false;
  /// The field that carries its key; empty: `Authorization: Bearer`.
  std::string_view key_header = {};
  /// Has done its work when it begins to answer: a client that reads slowly keeps nobody from its
  /// turn.
  bool free_with_head = false;
  /// Requests at once, 0 for no limit. Whoever waits for a turn does so here, for as long as an
  /// answer may take.
  unsigned max_requests = 0;
  /// How long an answer may usually take: until its head, its first token, and between two bytes.
  std::chrono::seconds patience;
};

/// All of them, in the order of the enumerators.
std::span<const backend_type_row> backend_types() noexcept;
const backend_type_row& row_of(backend_type type) noexcept;

/// What the field line that carries a backend's key begins with, as its file or its type wants it:
/// `Authorization: Bearer ` or a name with a colon and a space.
std::string key_field(const backend_settings& backend);

} // namespace synapse::config
