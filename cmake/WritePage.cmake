# Writes OUTPUT, the function that returns the text of PAGE.
file(READ "${PAGE}" text)
file(WRITE "${OUTPUT}" "#include \"lib/run/page.h\"

std::string_view rk::StatusPageHtml() { return R\"rk_page(${text})rk_page\"; }
")
