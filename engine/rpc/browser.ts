/** Importing this file prepares the JSON-RPC library for a page. */
import 'vscode-jsonrpc/browser'
